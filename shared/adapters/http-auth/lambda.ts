import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** A call as API Gateway hands it on (payload format 2.0): https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, read 2026-11-25. */
export function fromApiGateway(event: APIGatewayProxyEventV2): HttpRequest {
  const { body = '', isBase64Encoded, headers, requestContext, rawPath } = event;
  return {
    method: requestContext.http.method,
    path: rawPath,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body,
  };
}

/** The answer as API Gateway wants it. */
export const toApiGateway = ({ status, headers, body }: HttpAnswer): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  ...(headers === undefined ? {} : { headers: { ...headers } }),
  ...(body === undefined ? {} : { body }),
});

# METADATA
# title: "Calls of models are recorded"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.model_endpoint
package edict.policies.model_endpoint.invocations_logged

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["invocations-logged"]

# who called the model, and when, is recorded
holds contains "invocations-logged" if input.facts.invocations_logged == true

fails contains {"clause": "invocations-logged"} if input.facts.invocations_logged == false

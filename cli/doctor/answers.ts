/** Reads in an answer of a provider; what it does not say, or says in another form, reads as empty. */
import { isObject, type Json } from '../../shared/model/json.ts';

export type Object_ = { readonly [key: string]: Json };
export const object = (value: Json | undefined): Object_ => (isObject(value) ? value : {});
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
export const list = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

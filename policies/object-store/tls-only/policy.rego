# METADATA
# title: "Object stores refuse requests without TLS"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.tls_only

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["tls-only"]

# every request without TLS is refused
holds contains "tls-only" if input.facts.tls_only == true

fails contains {"clause": "tls-only"} if input.facts.tls_only == false

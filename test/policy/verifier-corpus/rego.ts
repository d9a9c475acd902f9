/** Rego that a person wrote for the policies of `bases.ts`: right, and not what the compiler writes. */
import type { BaseName } from './bases.ts';

const head = (name: string, imports = ''): string => `# METADATA
# title: The ${name} of probes
# description: Written by hand.
# schemas:
#   - input: schema.probe
package edict.policies.probe.${name}
${imports}
# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}
`;

export const regoByHand: { readonly [base in BaseName]?: string } = {
  plain: `${head('plain')}
declared := ["scope", "flag-on", "size-enough"]

holds contains "scope" if input.facts.level in {"high", "mid"}

holds contains "flag-on" if input.facts.flag == true

holds contains "size-enough" if {
	is_number(input.facts.size)
	input.facts.size >= 30
}

fails contains {"clause": "scope"} if input.facts.level == "low"

fails contains {"clause": "flag-on"} if input.facts.flag == false

fails contains {"clause": "size-enough"} if {
	is_number(input.facts.size)
	input.facts.size < 30
}
`,
  rules: `${head('rules', '\nimport data.edict.values\n')}
declared := ["no-open-rule"]

admin := [{"from": 20, "to": 25}]

open(item) if {
	item.flag == true
	values.is_range(item.ports)
	values.is_range_touching(item.ports, admin)
}

shut(item) if item.flag == false

shut(item) if {
	values.is_range(item.ports)
	not values.is_range_touching(item.ports, admin)
}

holds contains "no-open-rule" if {
	is_array(input.facts.rules)
	is_array(input.closed)
	"rules" in input.closed
	every item in input.facts.rules { shut(item) }
}

fails contains {"clause": "no-open-rule", "item": i} if {
	is_array(input.facts.rules)
	some i, item in input.facts.rules
	open(item)
}
`,
  sizes: `${head('sizes')}
declared := ["sizes-small", "few-sizes"]

is_closed if {
	is_array(input.facts.sizes)
	is_array(input.closed)
	"sizes" in input.closed
}

small(item) if {
	is_number(item)
	item <= 9
}

large(item) if {
	is_number(item)
	item >= 7
}

surely_not_large(item) if {
	is_number(item)
	item < 7
}

holds contains "sizes-small" if {
	is_closed
	every item in input.facts.sizes { small(item) }
}

holds contains "few-sizes" if {
	is_closed
	count([item | some item in input.facts.sizes; surely_not_large(item)]) >= count(input.facts.sizes) - 2
}

fails contains {"clause": "sizes-small", "item": i} if {
	is_array(input.facts.sizes)
	some i, item in input.facts.sizes
	is_number(item)
	item > 9
}

fails contains {"clause": "few-sizes", "item": i} if {
	is_array(input.facts.sizes)
	count([item | some item in input.facts.sizes; large(item)]) > 2
	some i, item in input.facts.sizes
	large(item)
}
`,
  exception: `${head('exception')}
declared := ["labelled-or-low"]

holds contains "labelled-or-low" if {
	is_string(input.facts.label)
	startswith(input.facts.label, "team-")
}

holds contains "labelled-or-low" if input.facts.level == "low"

fails contains {"clause": "labelled-or-low"} if {
	is_string(input.facts.label)
	not startswith(input.facts.label, "team-")
	input.facts.level in {"high", "mid"}
}
`,
};

/** A constraint set as a team writes it: ten constraints that speak about the action asked, and some that do not. */
export function constraintFile(service: string): string {
  return `apiVersion: constraints/v1alpha1
kind: ConstraintSet
metadata: { name: ${service}, owner: team-bench }
scope: { service: ${service}, env: prod }
sources:
  - { id: traces, signal: traces, expect: { completeness: ">= 98%", lag: "p99 <= 10s" } }
boundaries:
  replicas: { min: 2, max: 60 }
  actors: { allow: ["hpa/*", "argo/*"], deny: [{ "agent/*": [delete, "failover.*"] }] }
policies:
  - { id: complete, when: 'action.kind == "scale.down"', require: 'data.traces.complete' }
  - { id: fresh, when: 'action.stage == "scaling"', require: 'data.traces.fresh' }
  - { id: small, when: 'action.kind == "scale.down"', require: 'action.from.replicas - action.to.replicas <= 4.0' }
  - { id: hours, when: 'action.stage == "optimisation"', require: 'action.reversible' }
  - { id: agents, when: 'actor.type == "agent"', require: 'action.reversible' }
guardrails:
  changeBudget: { per: 10m, maxActions: 1000000 }
  cooldown: { after: "deployment.*", for: 15m, blocks: ["optimisation.*"] }
  flap: { opposite: [scale.up, scale.down], max: 1000000, per: 30m, then: hold }
stages:
  scaling: { gate: ["scale.*"], requireSources: [traces] }
`;
}

/** Constraint sets of a middling company: each service has some promises, limits and rules. */
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
stages:
  scaling: { gate: ["scale.*"], requireSources: [traces] }
`;
}

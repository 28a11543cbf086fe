/** Alerts as they lie in alerts.json, made of messages by the shipped rules. */
import { makeAnalysisd } from "./analysisd.ts"
import { decoders, rulesOf } from "./shipped.ts"

const { process } = makeAnalysisd(decoders(), rulesOf("waybill_rules.xml"), new Map())

/** @param arrivedAt epoch milliseconds, when analysisd had it */
export const alertOf = (message: string, arrivedAt: number): object => {
  const { decoder, rule, description } = process(message)
  return {
    timestamp: new Date(arrivedAt).toISOString().replace("Z", "+0000"),
    rule: {
      level: rule?.level,
      description,
      id: rule?.id,
      groups: rule?.groups,
      ...(rule?.mitre.length === 0 ? {} : { mitre: { id: rule?.mitre } }),
    },
    agent: { id: "000", name: "wazuh.manager" },
    manager: { name: "wazuh.manager" },
    id: "1771787585.1",
    decoder: { name: decoder },
    data: JSON.parse(message.slice(message.indexOf("{"))),
    location: "waybill",
  }
}

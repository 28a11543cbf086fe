/**
 * The serials that the simulated records carry: what has arrived is counted over them, in the text of the document,
 * so that neither Waybill's ids nor its event shape take part in the count.
 */
export const SERIAL_KINDS = ["flows", "alarms"] as const
export type SerialKind = (typeof SERIAL_KINDS)[number]

/** A serial as one number, or -1 for a document that carries none. */
export type PackedSerial = number

const KIND_STEP = 10_000_000
const SERIAL = /(host|alarm)-(\d{7})\.example\.net/

export const serialIn = (text: string): PackedSerial => {
  const match = SERIAL.exec(text)
  return match === null ? -1 : (match[1] === "host" ? 0 : KIND_STEP) + Number(match[2])
}

/** The record's number when the serial is one of this kind. */
export const numberOf = (serial: PackedSerial, kind: SerialKind): number | undefined => {
  const start = SERIAL_KINDS.indexOf(kind) * KIND_STEP
  return serial >= start && serial < start + KIND_STEP ? serial - start : undefined
}

/** What can go wrong with the file, and what to do about it. */
import { type PlatformError, Predicate } from "effect"
import type { WriterErrorReason } from "../Writer.ts"

export interface Failure {
  readonly reason: WriterErrorReason
  /** What happened, where, and what to do about it. */
  readonly message: string
}

const codeOf = ({ reason }: PlatformError.PlatformError): string => {
  const cause: unknown = reason.cause
  return Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : reason._tag
}

export const explain = (error: PlatformError.PlatformError, path: string): Failure => {
  const code = codeOf(error)
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return {
        reason: "full",
        message: `There is no room for ${path} (${code}). Free some on its disk, or lower writer.file.keep and writer.file.max_bytes; Waybill goes on by itself.`,
      }
    case "ENOENT":
      return {
        reason: "missing",
        message: `The folder of ${path} is not there (${code}). Make it, or mount it, and check writer.file.path.`,
      }
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return {
        reason: "forbidden",
        message: `May not write to ${path} (${code}). Give the user that Waybill runs as the right to write into its folder, and to use the group of writer.file.group.`,
      }
    default:
      return {
        reason: "failed",
        message: `Writing to ${path} failed with ${code}. Waybill keeps the events and tries again.`,
      }
  }
}

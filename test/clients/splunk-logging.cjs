// Splunk's own library for JavaScript: batches of 30 and a flush of the rest. Arguments: port, token, count.
const path = require("node:path")
const { Logger } = require(path.join(process.cwd(), "node_modules/splunk-logging"))

const [port, token, count] = process.argv.slice(2)
const logger = new Logger({
  url: `http://127.0.0.1:${port}`,
  token,
  maxBatchCount: 30,
  maxRetries: 5,
})
logger.error = (error) => {
  process.stderr.write(`${error}\n`)
  process.exitCode = 1
}
for (let n = 0; n < Number(count); n++)
  logger.send({
    message: { text: `serial=splunk-logging-${n}`, n },
    metadata: { source: "test", sourcetype: "httpevent", host: "client" },
    severity: "info",
  })
logger.flush(() => setTimeout(() => process.exit(), 1000))

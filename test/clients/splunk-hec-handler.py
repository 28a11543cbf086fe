"""splunk-hec-handler: a handler for Python's logging, one request a record. Arguments: port, token, count."""
import logging
import sys

from splunk_hec_handler import SplunkHecHandler

port, token, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
logger = logging.getLogger("client")
logger.setLevel(logging.INFO)
logger.addHandler(SplunkHecHandler("127.0.0.1", token, port=port, proto="http", ssl_verify=False, source="client"))
for n in range(count):
    logger.info({"text": f"serial=splunk-hec-handler-{n}", "n": n})

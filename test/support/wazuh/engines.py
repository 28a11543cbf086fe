"""What wazuhregex, and a real XML parser, say: a JSON request on standard input, a JSON answer on standard output.

{"patterns": [[engine, pattern, text], ...], "xml": [text, ...]} -> {"matches": [bool | error, ...], "xml": [null | error, ...]}
"""

import json
import sys
import xml.dom.minidom

from wazuhregex import WazuhRegex


def match(engine, pattern, text):
    tool = WazuhRegex(pattern)
    name = {"osregex": "os_regex", "pcre2": "pcre2_regex"}[engine]
    try:
        return getattr(tool, name)(text)[0]
    except Exception as error:  # an invalid pattern is an answer, too
        return f"{type(error).__name__}: {error}"


def parse(text):
    try:
        xml.dom.minidom.parseString(f"<roots>{text}</roots>")
        return None
    except Exception as error:
        return str(error)


request = json.load(sys.stdin)
json.dump(
    {
        "matches": [match(*each) for each in request["patterns"]],
        "xml": [parse(each) for each in request["xml"]],
    },
    sys.stdout,
)

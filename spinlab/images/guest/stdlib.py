"""Import what cells may want from the standard library and the SDK, and write down what there is.

Nothing can be imported from files once the image is made, so whatever is not imported here is not there.
"""

import importlib
import importlib.util
import json
import os
import pkgutil
import sys

import zones

__spinlab__ = True

GROUPS = {
    "text": """string re textwrap difflib unicodedata stringprep html html.entities html.parser csv configparser shlex
        pprint reprlib encodings.idna encodings.punycode encodings.latin_1 encodings.ascii encodings.utf_8_sig
        encodings.utf_16 encodings.utf_32 encodings.cp1252""",
    "numbers": "math cmath decimal fractions statistics random secrets numbers colorsys",
    "data": """json base64 binascii struct copy copyreg pickle plistlib tomllib hashlib hmac zlib array heapq bisect
        collections collections.abc dataclasses enum graphlib ipaddress uuid types typing weakref codecs""",
    "time": "time datetime calendar zoneinfo",
    "functions": "functools itertools operator contextlib contextvars abc inspect asyncio queue atexit",
    "files": "io os os.path pathlib posixpath stat fnmatch glob tempfile shutil mimetypes errno zipfile tarfile gzip",
    "web": """urllib urllib.parse urllib.error http http.cookies email email.message email.parser email.policy
        email.utils email.mime.text email.mime.multipart email.headerregistry quopri wsgiref.handlers""",
    "xml": "xml.etree.ElementTree xml.dom.minidom xml.sax xml.sax.saxutils",
    "debugging": """logging logging.handlers logging.config traceback warnings linecache timeit doctest unittest
        unittest.mock""",
    "language": """ast dis token tokenize keyword builtins gc importlib importlib.metadata importlib.resources
        importlib.util argparse getopt sys platform locale gettext pkgutil""",
}
SDK = """spin_sdk.http spin_sdk.key_value spin_sdk.llm spin_sdk.mqtt spin_sdk.mysql spin_sdk.postgres spin_sdk.redis
    spin_sdk.sqlite spin_sdk.variables spin_sdk.util"""


def gather(folder):
    """Import everything, the packages that were asked for included, and write down what can be imported."""
    for names in (*GROUPS.values(), SDK):
        for name in names.split():
            take(name)
    packages = os.path.join(os.path.dirname(folder), "1")
    for package in added(packages):
        take(package)
    zones.gather(packages)
    here = sorted(name for name, module in sys.modules.items() if not getattr(module, "__spinlab__", False))
    names = {name: sorted(vars(sys.modules[name])) for name in here if name.startswith("spin_sdk") and ".wit" not in name}
    with open(os.path.join(folder, "modules.json"), "w") as out:
        json.dump(
            {
                "python": sys.version.split()[0],
                "magic": importlib.util.MAGIC_NUMBER.hex(),
                "modules": here,
                "names": names,
            },
            out,
        )


def take(name):
    """Import a module that may not be there: the images differ, and packages have parts that need others."""
    try:
        importlib.import_module(name)
    except Exception:
        pass


def added(folder):
    """The names of all modules in `folder`, tests and programs left out."""
    for found in pkgutil.walk_packages([folder], onerror=lambda _: None):
        if not {"test", "tests", "__main__"} & set(found.name.split(".")):
            yield found.name

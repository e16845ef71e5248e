"""The same cell as a project of Spin's own templates ``http-js`` and ``http-ts``.

Their tools know one form of a handler, a listener for fetch events; an entry of a few lines turns the others into it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from spinlab.images import javascript_build
from spinlab.languages.javascript.esbuild import PIN
from spinlab.languages.javascript.scan import DEFAULT, LISTENER, Scanned, scan

BUILD_TOOLS: Final = ("@spinframework/build-tools", "1.0.7")
PROXY: Final = ("@spinframework/wasi-http-proxy", "1.0.1")
"""What brings the world of an HTTP component."""
COMMAND: Final = ("npm install", "npm run build")
_INTERFACE: Final = re.compile(r"(?P<package>[a-z][\w-]*:[\w-]+)/(?P<name>[\w-]+)@(?P<version>[\w.]+)")
_WASI: Final = "0.2.10"
"""The version that our own WIT of WASI is written for; a cell names its own."""

_LISTEN = {
    DEFAULT: """\
// What `export default {{ fetch }}` is to a host that gives events.
import app from './app.{ending}';

addEventListener('fetch', (event) => {{
  const context = {{ waitUntil: (promise) => event.waitUntil(promise), passThroughOnException() {{}} }};
  event.respondWith((async () => app.fetch(event.request, {{}}, context))());
}});
""",
    "": """\
// What `function handle(request)` is to a host that gives events.
import {{ handle }} from './app.{ending}';
import {{ answer }} from './short.js';

addEventListener('fetch', (event) => event.respondWith(answer(handle, event.request)));
""",
}

_BUILD = """\
// Bundles src/ into one file; what Spin provides stays an import.
import { mkdir } from 'node:fs/promises';
import { SpinEsbuildPlugin } from '@spinframework/build-tools/plugins/esbuild/index.js';
import { build } from 'esbuild';

await mkdir('dist', { recursive: true });
await build({
  entryPoints: ['src/index.js'],
  outfile: 'build/bundle.js',
  bundle: true,
  format: 'esm',
  platform: 'browser',
  mainFields: ['module', 'main'],
  conditions: ['workerd'],
  resolveExtensions: ['.ts', '.js'],
  charset: 'utf8',
  sourcemap: true,
  logLevel: 'warning',
  plugins: [await SpinEsbuildPlugin()],
});
"""

_TSCONFIG: Final = {
    "compilerOptions": {
        "target": "es2022",
        "module": "es2022",
        "moduleResolution": "bundler",
        "lib": ["ES2022", "WebWorker"],
        "strict": True,
        "skipLibCheck": True,
        "noEmit": True,
        "allowImportingTsExtensions": True,
    },
    "include": ["src/**/*"],
}


def output(name: str) -> str:
    """The component that the project's build makes."""
    return f"dist/{name}.wasm"


def project(
    name: str, scanned: Scanned, ending: str, modules: Mapping[str, str], packages: Mapping[str, str]
) -> dict[str, bytes]:
    """The files: path -> bytes.

    Parameters:
        name: Of the component, in kebab case.
        scanned: The cell.
        ending: ``js`` or ``ts``.
        modules: File name -> text of the ``--module`` cells that it needs.
        packages: Package -> version.
    """
    files = {f"src/{file}": text for file, text in modules.items()}
    files |= _sources(scanned, ending)
    wit = _wit([scanned, *map(scan, modules.values())])
    files |= wit
    files |= {"package.json": _package(name, packages, has_wit=bool(wit)), "build.mjs": _BUILD}
    if ending == "ts" or any(file.endswith(".ts") for file in modules):
        files["tsconfig.json"] = json.dumps(_TSCONFIG, indent=2) + "\n"
    return {path: text.encode() for path, text in sorted(files.items())}


def _sources(scanned: Scanned, ending: str) -> dict[str, str]:
    names = {place.name for place in scanned.handlers}
    if LISTENER in names or not names:  # a package may listen for the cell
        if ending == "js":
            return {"src/index.js": scanned.text}
        return {f"src/app.{ending}": scanned.text, "src/index.js": f"import './app.{ending}';\n"}
    if DEFAULT in names:
        return {f"src/app.{ending}": scanned.text, "src/index.js": _LISTEN[DEFAULT].format(ending=ending)}
    return {
        f"src/app.{ending}": scanned.exporting,
        "src/index.js": _LISTEN[""].format(ending=ending),
        "src/short.js": javascript_build.sources()["image/short.js"].decode(),
    }


def _package(name: str, packages: Mapping[str, str], *, has_wit: bool) -> str:
    esbuild, _, version = PIN.partition("@")
    compose = f"j2w -i build/bundle.js --initLocation http://{name}.localhost -o {output(name)}"
    made: dict[str, object] = {
        "name": name,
        "version": "1.0.0",
        "private": True,
        "type": "module",
        "scripts": {"build": f"node build.mjs && {compose}"},
        "devDependencies": dict((BUILD_TOOLS, (esbuild, version))),
        "dependencies": dict(sorted((*packages.items(), PROXY))),
    }
    if has_wit:
        made["config"] = {"witDependencies": [{"witPath": "./wit", "package": "app:imports@0.1.0", "world": "imports"}]}
    return json.dumps(made, indent=2) + "\n"


def _wit(sources: Iterable[Scanned]) -> dict[str, str]:
    """The interfaces that the cell imports itself: their WIT, and a world of them."""
    wanted = sorted({p.name for s in sources for p in s.imports if _INTERFACE.fullmatch(p.name)})
    if not wanted:
        return {}
    lines = "".join(f"  import {name};\n" for name in wanted)
    files = {"wit/world.wit": f"package app:imports@0.1.0;\n\nworld imports {{\n{lines}}}\n"}
    have = javascript_build.sources()
    for match in filter(None, map(_INTERFACE.fullmatch, wanted)):
        version = _WASI if match["package"].startswith("wasi:") else match["version"]
        declared = f"package {match['package']}@{version};"
        place = next(path for path, data in have.items() if "/deps/" in path and declared in data.decode())
        folder = place.rpartition("/")[0] + "/"
        whole = [place] if folder == "wit/deps/" else [path for path in have if path.startswith(folder)]
        files |= {path: have[path].decode().replace(f"@{version}", f"@{match['version']}") for path in whole}
    return files

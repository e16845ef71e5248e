// The host's interfaces that a cell may import by their names.

import * as environment from "wasi:cli/environment@0.2.10";
import * as preopens from "wasi:filesystem/preopens@0.2.10";
import * as filesystem from "wasi:filesystem/types@0.2.10";
import * as keyValue from "fermyon:spin/key-value@2.0.0";
import * as llm from "fermyon:spin/llm@2.0.0";
import * as mqtt from "fermyon:spin/mqtt@2.0.0";
import * as mysql from "fermyon:spin/mysql@2.0.0";
import * as postgres from "fermyon:spin/postgres@2.0.0";
import * as redis from "fermyon:spin/redis@2.0.0";
import * as sqlite from "fermyon:spin/sqlite@2.0.0";
import * as variables from "fermyon:spin/variables@2.0.0";
import * as postgres3 from "spin:postgres/postgres@3.0.0";

export const VARIABLE = "SPINLAB_SOURCE";

// What the image is given beside the user's own variables.
export function given() {
  return environment.getEnvironment().find(([name]) => name === VARIABLE)?.[1];
}

const own = Object.freeze({
  ...environment,
  getEnvironment: () => environment.getEnvironment().filter(([name]) => name !== VARIABLE),
});

const ALL = {
  "fermyon:spin/key-value@2.0.0": keyValue,
  "fermyon:spin/llm@2.0.0": llm,
  "fermyon:spin/mqtt@2.0.0": mqtt,
  "fermyon:spin/mysql@2.0.0": mysql,
  "fermyon:spin/postgres@2.0.0": postgres,
  "fermyon:spin/redis@2.0.0": redis,
  "fermyon:spin/sqlite@2.0.0": sqlite,
  "fermyon:spin/variables@2.0.0": variables,
  "spin:postgres/postgres@3.0.0": postgres3,
};

const WASI = {
  "wasi:cli/environment": own,
  "wasi:filesystem/preopens": preopens,
  "wasi:filesystem/types": filesystem,
};

// The interface of a name; undefined when there is none. Of WASI any patch release will do.
export function find(name) {
  const wasi = /^(wasi:[\w/-]+)@0\.2\.\d+$/.exec(name)?.[1];
  if (wasi) return Object.hasOwn(WASI, wasi) ? WASI[wasi] : undefined;
  return Object.hasOwn(ALL, name) ? ALL[name] : undefined;
}

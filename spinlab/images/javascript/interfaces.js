// The host's interfaces that a cell may import by their names.

import * as environment from "wasi:cli/environment@0.2.10";
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

// The interface of a name; undefined when there is none.
export function find(name) {
  return /^wasi:cli\/environment@0\.2\.\d+$/.test(name) ? own : Object.hasOwn(ALL, name) ? ALL[name] : undefined;
}

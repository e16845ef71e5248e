"""The measured cells: the same small function in every language, and the same computation where there is a native one.

``hello.*`` are whole cells. ``kernel.*`` are computations alone; `cell` makes a function of one, `native` a program.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spinlab import Function, Limits
from spinlab.function import MIB
from spinlab.toolchains import find, rust

HERE = Path(__file__).parent
ENDINGS: Mapping[str, str] = {
    "python": "py",
    "javascript": "js",
    "typescript": "ts",
    "rust": "rs",
    "c": "c",
    "cpp": "cpp",
    "zig": "zig",
    "go": "go",
    "wat": "wat",
    "html": "html",
}
EDITED = "10000"
"""The number in a cell's greeting that an edit changes; it has always five digits."""
READS_NOTHING = ("wat", "html")
"""Languages whose cell answers without its body, so that none of them can be kept waiting."""


def hello(language: str, edit: int = 0, name: str = "hello") -> Function:
    """The small function, as it is after some edits."""
    source = (HERE / f"hello.{ENDINGS[language]}").read_text()
    assert EDITED in source
    return Function(name, source.replace(EDITED, str(int(EDITED) + edit)), language=language, routes=("/...",))


@dataclass(frozen=True)
class Kernel:
    """How a language's computation becomes a function and a program.

    Attributes:
        title: What the native program is called.
        cell: The rest of the function; ``KERNEL`` stands for the computation.
        program: The rest of the program, which takes what to do, its size and how often, and prints the nanoseconds of
            the second time and the result.
        times: How often it is repeated for a time that is long beside that of a request.
    """

    title: str
    cell: str
    program: str
    times: int


_C_RUN = """
static double run(char kind, int size, int times) {
    double sum = 0;
    for (int t = 0; t < times; t++) sum += kind == 's' ? sieve(size + t % 2) : nbody(size + t % 2);
    return sum;
}
"""
_RUST_RUN = """
fn run(kind: &str, size: usize, times: usize) -> f64 {
    let once = |size| if kind == "sieve" { sieve(size) as f64 } else { nbody(size) };
    (0..times).map(|t| once(size + t % 2)).sum()
}
"""
_GO_RUN = """
func run(kind string, size, times int) float64 {
	sum := 0.0
	for t := 0; t < times; t++ {
		if kind == "sieve" {
			sum += float64(sieve(size + t%2))
		} else {
			sum += nbody(size + t%2)
		}
	}
	return sum
}
"""
_JS_RUN = """
function run(kind, size, times) {
  let sum = 0;
  for (let t = 0; t < times; t++) sum += kind === "sieve" ? sieve(size + (t % 2)) : nbody(size + (t % 2));
  return sum;
}
"""
_PYTHON_RUN = """

def run(kind, size, times):
    once = sieve if kind == "sieve" else nbody
    return sum(once(size + t % 2) for t in range(times))
"""

KERNELS: Mapping[str, Kernel] = {
    "c": Kernel(
        "zig cc -O2",
        '#include "spin.h"\n#include <stdio.h>\nKERNEL'
        + _C_RUN
        + """
void handle(spin_request *req, spin_response *res) {
    char text[40];
    snprintf(text, sizeof text, "%.9f",
             run(*spin_query(req, "kind"), atoi(spin_query(req, "size")), atoi(spin_query(req, "times"))));
    spin_print(res, text);
}
""",
        "#include <stdio.h>\n#include <time.h>\nKERNEL"
        + _C_RUN
        + """
int main(int argc, char **argv) {
    struct timespec begun, ended;
    double found = run(*argv[1], atoi(argv[2]), atoi(argv[3]));
    clock_gettime(CLOCK_MONOTONIC, &begun);
    found = run(*argv[1], atoi(argv[2]), atoi(argv[3]));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.0f %.9f\\n", (ended.tv_sec - begun.tv_sec) * 1e9 + (ended.tv_nsec - begun.tv_nsec), found);
    return argc == 0;
}
""",
        50,
    ),
    "rust": Kernel(
        "rustc -O",
        "KERNEL"
        + _RUST_RUN
        + """
fn handle(req: Request) -> String {
    let number = |name| req.query(name).unwrap().parse::<usize>().unwrap();
    format!("{:.9}", run(req.query("kind").unwrap(), number("size"), number("times")))
}
""",
        "KERNEL"
        + _RUST_RUN
        + """
fn main() {
    let given: Vec<String> = std::env::args().collect();
    let work = || run(&given[1], given[2].parse().unwrap(), given[3].parse().unwrap());
    work();
    let begun = std::time::Instant::now();
    let found = work();
    println!("{} {found:.9}", begun.elapsed().as_nanos());
}
""",
        50,
    ),
    "go": Kernel(
        "go build",
        'package main\n\nimport (\n\t"fmt"\n\t"math"\n\t"net/http"\n\t"strconv"\n)\n\nKERNEL'
        + _GO_RUN
        + """
func handle(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	size, _ := strconv.Atoi(asked.Get("size"))
	times, _ := strconv.Atoi(asked.Get("times"))
	fmt.Fprintf(w, "%.9f", run(asked.Get("kind"), size, times))
}
""",
        'package main\n\nimport (\n\t"fmt"\n\t"math"\n\t"os"\n\t"strconv"\n\t"time"\n)\n\nKERNEL'
        + _GO_RUN
        + """
func main() {
	size, _ := strconv.Atoi(os.Args[2])
	times, _ := strconv.Atoi(os.Args[3])
	run(os.Args[1], size, times)
	begun := time.Now()
	found := run(os.Args[1], size, times)
	fmt.Printf("%d %.9f\\n", time.Since(begun).Nanoseconds(), found)
}
""",
        50,
    ),
    "javascript": Kernel(
        "node",
        "KERNEL"
        + _JS_RUN
        + """
function handle(request) {
  const { kind, size, times } = request.query;
  return run(kind, Number(size), Number(times)).toFixed(9);
}
""",
        "KERNEL"
        + _JS_RUN
        + """
const [kind, size, times] = process.argv.slice(2);
run(kind, Number(size), Number(times));
const begun = process.hrtime.bigint();
const found = run(kind, Number(size), Number(times));
console.log(`${process.hrtime.bigint() - begun} ${found.toFixed(9)}`);
""",
        1,
    ),
    "python": Kernel(
        "python",
        "KERNEL"
        + _PYTHON_RUN
        + """

def handle(request):
    asked = request.query
    return "%.9f" % run(asked["kind"], int(asked["size"]), int(asked["times"]))
""",
        "KERNEL"
        + _PYTHON_RUN
        + """

import sys, time
given = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
run(*given)
begun = time.perf_counter_ns()
found = run(*given)
print(time.perf_counter_ns() - begun, "%.9f" % found)
""",
        1,
    ),
}


def cell(language: str) -> Function:
    """The function that computes."""
    source = KERNELS[language].cell.replace("KERNEL", _kernel(language))
    return Function("kernel", source, language=language, routes=("/...",), limits=Limits(timeout=120, memory=512 * MIB))


def native(language: str, folder: Path) -> list[str]:
    """The command of the native program of the same source, built in `folder`.

    Raises:
        ToolMissing: Its compiler is not here.
    """
    source = folder / f"native.{ENDINGS[language]}"
    source.write_text(KERNELS[language].program.replace("KERNEL", _kernel(language)))
    made = str(folder / "native")
    if language == "python":
        return [sys.executable, str(source)]
    if language == "javascript":
        return [shutil.which("node") or str(find.ensure(find.NODE)), str(source)]
    if language == "c":
        return _built([str(find.ensure(find.ZIG)), "cc", "-O2", "-mcpu=baseline", str(source), "-o", made, "-lm"], made)
    if language == "rust":
        return _built([str(rust.ensure().rustc), "-O", str(source), "-o", made], made)
    return _built([shutil.which("go") or str(find.ensure(find.TOOLS["go"])), "build", "-o", made, str(source)], made)


def _built(command: list[str], made: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return [made]


def _kernel(language: str) -> str:
    return (HERE / f"kernel.{ENDINGS[language]}").read_text()

/** The notebook that the launcher opens: a function, and a request to it. */

const PROSE = `# Serverless WebAssembly in this notebook

Each \`%%spin\` cell becomes a function in a sandbox of its own, with a URL. Run the cells one after the other.`;

const HELLO = `%%spin hello --route /hello/:name
def handle(request):
    name = request.params["name"]
    print("someone called", name)
    return {"hello": name, "letters": len(name)}`;

const NEXT = `Change the function, run its cell again, and it is replaced at once. \`%spin help\` lists what else there is, \`%%spin --help\` the options of a cell; the panel on the right shows the functions.`;

/** Its cells, in order: prose, or code. */
const CELLS: [kind: 'markdown' | 'code', id: string, source: string][] = [
  ['markdown', 'about', PROSE],
  ['code', 'load', '%load_ext spinlab'],
  ['code', 'hello', HELLO],
  ['code', 'ask', '%spin get /hello/ada'],
  ['markdown', 'next', NEXT]
];

/**
 * A notebook for a kernel.
 * @param kernel its name and what to call it
 */
export function starter(kernel: { name: string; display_name: string }): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { ...kernel, language: 'python' }, language_info: { name: 'python' } },
    cells: CELLS.map(([kind, id, source]) =>
      kind === 'code'
        ? { cell_type: kind, id, source, metadata: {}, outputs: [], execution_count: null }
        : { cell_type: kind, id, source, metadata: {} }
    )
  };
}

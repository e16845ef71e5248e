// Says hello, and what it was sent.
async function handle(request: Request & { readonly path: string }): Promise<string> {
  const body: string = await request.text();
  return `Hello 10000 ${request.path} ${body.length}`;
}

// Says hello, and what it was sent.
async function handle(request) {
  const body = await request.text();
  return `Hello 10000 ${request.path} ${body.length}`;
}

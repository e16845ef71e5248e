def handle(request):
    """Says hello, and what it was sent."""
    return f"Hello 10000 {request.path} {len(request.body)}"

"""What checks functions: the exercises of the lessons."""

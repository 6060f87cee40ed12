"""Recognition: hostile files in a sandbox, page images to text, PDF/A made and judged by validators."""

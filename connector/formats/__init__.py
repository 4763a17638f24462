"""Bytes to rows and back: delimiters, widths, XML, workbooks. Knows nothing of prices or orders."""

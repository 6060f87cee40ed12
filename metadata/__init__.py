"""Description: XDOMEA messages, PREMIS records and Transfervermerke, written and judged."""

"""The visual editor: drafts, operations, and the page that people edit on."""

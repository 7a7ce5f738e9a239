"""Files: judged by content, kept under keys, private until somebody says otherwise."""

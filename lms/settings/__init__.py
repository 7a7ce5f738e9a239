"""What the owner decides in the browser: values by section, secrets sealed."""

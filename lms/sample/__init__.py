"""Content of the sample site "Long Table": data only, used by the demo."""

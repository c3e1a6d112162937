"""The only code that talks to Uploadcare: calls, error translation, waiting for completion."""

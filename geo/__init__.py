"""Pure spatial computation: tables in, tables out, metres."""

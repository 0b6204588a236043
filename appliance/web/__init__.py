"""The hub's pages: the attendee screen and the staff page. `builder.build_web` makes the process."""

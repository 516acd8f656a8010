"""Plain Python readings of the definitions, by area: straight loops over the words, no SQL, no pandas."""

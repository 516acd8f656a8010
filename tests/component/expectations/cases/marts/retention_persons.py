"""Good and bad frames of marts.retention_persons, and damage to the healthy warehouse that it finds."""

GOOD = {
    "cells": {"mode": "calendar_on", "grain": "day", "n_persons_off": 0},
}
DAMAGE = [
    ("n_persons_off", "delete from marts.retention_persons where person_id = 'p1'"),
    ("n_persons_off", "delete from marts.retention where period_number = 0"),
]

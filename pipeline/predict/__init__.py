"""What the models are given and what they leave: tables to frames and back. Not here: any modelling (`models`)."""

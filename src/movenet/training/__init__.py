"""Training and fine-tuning: from labelled pictures to a model that every engine of the package reads."""

"""A function that LambdaCallback calls: choose it there for the end of an epoch.

At the moments of a batch its arguments are batch and logs, at the beginning and the end of the training logs only.
"""


def tell_epoch(epoch, logs=None):
    """`epoch` counts from 0; `logs` holds the loss and every metric of the epoch."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in (logs or {}).items())
    print(f"Epoch {epoch + 1}: {values}")

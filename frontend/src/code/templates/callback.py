"""A callback: what happens besides training, at the moments that Keras calls it."""

import keras


class StopWhenGood(keras.callbacks.Callback):
    """Ends the training as soon as a metric is good enough."""

    def __init__(self, monitor: str = "val_loss", target: float = 0.05):
        super().__init__()
        self.monitor = monitor
        self.target = target

    def on_epoch_end(self, epoch, logs=None):
        """`logs` holds the loss and every metric of the epoch; those of the validation begin with val_."""
        value = (logs or {}).get(self.monitor)
        if value is not None and value <= self.target:
            print(f"{self.monitor} reached {value:.4g}: that is good enough.")
            self.model.stop_training = True

"""The MQTT side of a hub: drains the ledger to central, publishes the live figures. Reads the ledger, never writes."""

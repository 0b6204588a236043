"""The receiving side: takes the reports of all hubs from a broker, stores, folds, acknowledges and shows them."""

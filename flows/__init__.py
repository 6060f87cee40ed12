"""Order of work: settings, wiring, the walks of one Akte, and the Prefect rounds that start them."""

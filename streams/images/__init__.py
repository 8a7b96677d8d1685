"""The image worker: fetches images that changes refer to and says what is in them."""

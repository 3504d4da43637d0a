"""JSON as GitHub writes it, one function for each thing; webhooks and REST share them."""

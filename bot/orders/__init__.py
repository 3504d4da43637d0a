"""What comments order, carried out: who may, what is done, and what is answered."""

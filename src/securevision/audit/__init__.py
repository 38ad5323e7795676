"""What happened, in a log that nobody can rewrite unseen: entries, Merkle tree, proofs, checkpoints, exports."""

"""The states of Terraform modules: who may read and write them, and every version of each."""

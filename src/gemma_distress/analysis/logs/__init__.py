"""What a log holds, conversation by conversation and as a whole."""

"""How values are replaced: the format of policies, the masks, and the leak check. Used without Django."""

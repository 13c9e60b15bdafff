"""How independent nodes agree with their neighbors: a plug point, the nested auction, consensus."""

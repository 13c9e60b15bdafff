"""The utility's roles and money: tariffs, supply and settlement."""

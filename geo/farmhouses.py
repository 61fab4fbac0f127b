"""Farm houses: the register of parcel, house and household, and 拆/改/用 for each house with its reason."""

"""What a session should have cost, exactly. Pure."""

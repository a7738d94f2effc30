"""What every stage uses: an edit here reruns all of them."""

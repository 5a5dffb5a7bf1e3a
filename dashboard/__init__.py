"""All pages for merchants. They cut across rooms, so they live in one of their own."""

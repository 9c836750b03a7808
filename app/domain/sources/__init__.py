"""What comes from elsewhere: OMS, the DQM GUI, brilcalc."""
